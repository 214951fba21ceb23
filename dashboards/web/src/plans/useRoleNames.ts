/** Names of plan roles in words: the well-known ones translated, parties by their names, others as the plan writes them. */
import { useI18n } from 'vue-i18n'
import { useCommunity } from '@/community/useCommunity'

const PARTY = 'party:'

export function useRoleNames() {
  const { t, te } = useI18n()
  const community = useCommunity()
  const ofRole = (role: string): string => (te(`planRole.${role}`) ? t(`planRole.${role}`) : te(`role.${role}`) ? t(`role.${role}`) : role)
  const name = (role: string): string => (role.startsWith(PARTY) ? community.partyName(role.slice(PARTY.length)) : ofRole(role))
  return (roles: string | null | undefined): string =>
    (roles ?? '')
      .split(', ')
      .filter(Boolean)
      .map(name)
      .join(t('list.join'))
}
