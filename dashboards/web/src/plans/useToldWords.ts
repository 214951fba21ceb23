/** What the platform wrote of telling one person, in words: roles, channels and its own reasons are codes in it. */
import { useI18n } from 'vue-i18n'
import { useWhyNot } from '@/notifications/useWhyNot'
import { useRoleNames } from './useRoleNames'

const TOLD = /^(\S+) \(([\w:-]+(?:, [\w:-]+)*)\), (?:([\w-]+): (handed over)?)?/

export function useToldWords() {
  const { t } = useI18n()
  const { channelName, whyNot } = useWhyNot()
  const roleNames = useRoleNames()

  /** `赵磊 (first-aid), sms: unset:ZHAO_LEI_PHONE` */
  return (text: string): string =>
    whyNot(
      text.replace(TOLD, (_, name: string, roles: string, channel: string | undefined, given: string | undefined) =>
        t('plans.asRole', { name, roles: roleNames(roles) }) + (channel ? t(given ? 'plans.handedOver' : 'plans.byChannel', { channel: channelName(channel) }) : '')),
    )
}
