/** What the platform wrote of telling people, in words: roles, channels and its own reasons are codes in the timeline. */
import { useI18n } from 'vue-i18n'
import { oneLanguage } from '@/i18n'
import { useWhyNot } from '@/notifications/useWhyNot'
import { useRoleNames } from './useRoleNames'

const NOT_REACHED = /not reached: ([\w:-]+(?:, [\w:-]+)*)(; now the commander's)?/
const TOLD = /^ (\S+) \(([\w:-]+(?:, [\w:-]+)*)\), (?:([\w-]+): (handed over)?)?/

export function useToldWords() {
  const { t } = useI18n()
  const { channelName, whyNot } = useWhyNot()
  const roleNames = useRoleNames()

  /** ` 赵磊 (first-aid), sms: unset:ZHAO_LEI_PHONE` or ` not reached: guide`, after the name of the step. */
  return (text: string): string =>
    whyNot(
      oneLanguage(text)
        .replace(NOT_REACHED, (_, roles: string) => t('plans.notReached', { roles: roleNames(roles) }))
        .replace(TOLD, (_, name: string, roles: string, channel: string | undefined, given: string | undefined) =>
          ` ${name}（${roleNames(roles)}）${!channel ? '' : given ? t('plans.handedOver', { channel: channelName(channel) }) : channelName(channel) + t('list.colon')}`),
    )
}
