/** A person's request: busy while it runs, and in words why it failed. */
import { ref } from 'vue'
import { useI18n } from 'vue-i18n'
import { ApiError } from './http'
import { refusal } from './refusals'

export function useRequest() {
  const { t } = useI18n()
  const busy = ref(false)
  const problem = ref('')

  /** Runs `work` unless one is running; true when it was done. */
  async function run(work: () => Promise<unknown>): Promise<boolean> {
    if (busy.value) return false
    busy.value = true
    problem.value = ''
    try {
      await work()
      return true
    } catch (error) {
      problem.value = inWords(error)
      return false
    } finally {
      busy.value = false
    }
  }

  function inWords(error: unknown): string {
    if (!(error instanceof ApiError)) return t('problem.other')
    switch (error.status) {
      case 0:
        return t('problem.unreachable')
      case 401:
        return t('problem.signedOut')
      case 403:
        return t('problem.forbidden')
      case 404:
        return t('problem.missing')
      case 409:
        return t('problem.conflict', { detail: refusal(error.detail) })
      case 429:
        return t('problem.tooOften')
      case 400:
      case 422:
        return t('problem.invalid', { detail: refusal(error.detail || error.title) })
      default:
        return error.status >= 500 ? t('problem.server') : t('problem.other')
    }
  }

  return { busy, problem, run, clear: () => { problem.value = '' } }
}
