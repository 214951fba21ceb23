/** Names of plan roles in words: the well-known ones translated, others as the plan writes them. */
import { useI18n } from 'vue-i18n'

export function useRoleNames() {
  const { t, te } = useI18n()
  const name = (role: string): string => (te(`planRole.${role}`) ? t(`planRole.${role}`) : te(`role.${role}`) ? t(`role.${role}`) : role)
  return (roles: string | null | undefined): string =>
    (roles ?? '')
      .split(', ')
      .filter(Boolean)
      .map(name)
      .join(t('list.join'))
}
