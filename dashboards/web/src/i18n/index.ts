/** The two languages of the interface, and names from the data in the language that is on. */
import { createI18n } from 'vue-i18n'
import { computed } from 'vue'
import type { Text } from '@/api/types'
import en from './en'
import zh from './zh'

export type Language = 'zh-CN' | 'en'
const KEY = 'anju.language'

function firstLanguage(): Language {
  const kept = localStorage.getItem(KEY)
  if (kept === 'zh-CN' || kept === 'en') return kept
  return navigator.language.toLowerCase().startsWith('zh') ? 'zh-CN' : 'en'
}

export const i18n = createI18n({
  legacy: false,
  locale: firstLanguage(),
  fallbackLocale: 'en',
  messages: { 'zh-CN': zh, en },
})

document.documentElement.lang = i18n.global.locale.value

export const language = computed<Language>({
  get: () => i18n.global.locale.value,
  set: (value) => {
    i18n.global.locale.value = value
    document.documentElement.lang = value
    localStorage.setItem(KEY, value)
  },
})

/** `text` in the language that is on; English falls back to Chinese, as on the server. */
export function inLanguage(text: Text | null | undefined): string {
  if (!text) return ''
  return language.value === 'en' && text.en ? text.en : text.zh
}

const CHINESE = /[\u4e00-\u9fff]/

/** Texts the server keeps in both languages at once, `中文 / English`, in the one that is on. */
export function oneLanguage(text: string): string {
  return text
    .split('\n')
    .map((line) => {
      const halves = line.split(' / ')
      const [first = '', second = ''] = halves
      if (halves.length !== 2 || !CHINESE.test(first) || CHINESE.test(second)) return line
      return language.value === 'en' ? second : first
    })
    .join('\n')
}
