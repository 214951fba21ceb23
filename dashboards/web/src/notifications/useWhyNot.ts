/** Why somebody could not be told, in words: our own reasons are codes, a channel's own words stay as they are. */
import { useI18n } from 'vue-i18n'

export function useWhyNot() {
  const { t, te } = useI18n()
  const channelName = (channel: string): string => (te(`channel.${channel}`) ? t(`channel.${channel}`) : channel)
  const whyNot = (why: string): string =>
    why
      .replace(/\b(unset|no-sender|no-address):([\w-]+)/g, (_, code: string, name: string) => t(`whyNot.${code}`, { name: code === 'unset' ? name : channelName(name) }))
      .replace(/(^|; )([\w-]+): /g, (_, before: string, channel: string) => (before && t('list.comma')) + channelName(channel) + t('list.colon'))
  return { channelName, whyNot }
}
