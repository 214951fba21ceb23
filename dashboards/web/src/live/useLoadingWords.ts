/** What stands where data will be: loading, or why nothing comes. */
import { computed } from 'vue'
import { useI18n } from 'vue-i18n'
import { useLiveCommunity } from './useLiveCommunity'

export function useLoadingWords() {
  const { t } = useI18n()
  const live = useLiveCommunity()
  return computed(() => t(live.connected || !live.loadFailed ? 'state.loading' : 'state.unreachable'))
}
