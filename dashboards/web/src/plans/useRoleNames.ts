/** Names of plan roles in words: the well-known ones translated, others as the plan writes them. */
import { useI18n } from 'vue-i18n'

export function useRoleNames() {
  const { t, te } = useI18n()
  return (roles: string | null | undefined): string =>
    (roles ?? '')
      .split(', ')
      .filter(Boolean)
      .map((role) => (te(`planRole.${role}`) ? t(`planRole.${role}`) : te(`role.${role}`) ? t(`role.${role}`) : role))
      .join(t('list.join'))
}
