/** A person's request: busy while it runs, and in words why it failed. */
import { ref } from 'vue'
import { useI18n } from 'vue-i18n'
import { sentence, useNames } from '@/i18n/sentences'
import { ApiError } from './http'

export function useRequest() {
  const { t } = useI18n()
  const busy = ref(false)
  const problem = ref('')
  const nameOf = useNames()

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
      case 410:
      case 429:
        return t('problem.conflict', { detail: sentence(error.detail, nameOf) })
      case 400:
      case 413:
      case 415:
      case 422:
        return t('problem.invalid', { detail: sentence(error.detail || error.title, nameOf) })
      default:
        return error.status >= 500 ? t('problem.server') : t('problem.other')
    }
  }

  return { busy, problem, run, clear: () => { problem.value = '' } }
}
