/** `panel.detector-3-alarm: 1`, as the platform notes a reading, in words: the point by its name, its value by its state or unit. */
import { useI18n } from 'vue-i18n'
import { useCommunity } from '@/community/useCommunity'
import { useValueWords } from './useValueWords'

const READING = /^([\w-]+\.[\w-]+): (-?[\d.]+)(?: \S+)?$/

export function useReadingWords() {
  const { t } = useI18n()
  const community = useCommunity()
  const valueWords = useValueWords()
  return (text: string): string => {
    const [, id = '', figure = ''] = READING.exec(text) ?? []
    return community.points.has(id) ? community.pointName(id) + t('list.colon') + valueWords(id, Number(figure)) : text
  }
}
