/** Words for what the site file names freely. */
import { i18n } from '@/i18n'

/** A category in words; one of the site's own as it is written. */
export function categoryName(category: string): string {
  const { t, te } = i18n.global
  return te(`facilityCategory.${category}`) ? t(`facilityCategory.${category}`) : category
}

/** An amount with its thousands apart. */
export function amount(figure: number): string {
  return Math.round(figure).toString().replace(/\B(?=(\d{3})+$)/g, ' ')
}
