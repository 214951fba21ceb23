/** `panel.detector-3-alarm: 1`, as the platform notes a reading, in words: the point by its name, its value by its state or unit. */
import { useI18n } from 'vue-i18n'
import { useCommunity } from '@/community/useCommunity'
import { inLanguage } from '@/i18n'
import { formatNumber } from './reading'

const READING = /^([\w-]+\.[\w-]+): (-?[\d.]+)(?: \S+)?$/

export function useReadingWords() {
  const { t } = useI18n()
  const community = useCommunity()
  return (text: string): string => {
    const [, id = '', figure = ''] = READING.exec(text) ?? []
    const point = community.points.get(id)
    if (!point) return text
    const value = Number(figure)
    const state = inLanguage(point.states[value === 0 ? '0' : '1']) || t(`points.state.${value === 0 ? 0 : 1}`)
    return inLanguage(point.name) + t('list.colon') + (point.kind === 'boolean' ? state : [formatNumber(value, point.unit), point.unit].filter(Boolean).join(' '))
  }
}
