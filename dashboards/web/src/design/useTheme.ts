/** Dark (the default: a control room at 3 a.m.) or light, kept on this machine. */
import { computed, ref } from 'vue'

const KEY = 'anju.theme'
const dark = ref(document.documentElement.classList.contains('dark'))

export function useTheme() {
  function toggle(): void {
    dark.value = !dark.value
    document.documentElement.classList.toggle('dark', dark.value)
    localStorage.setItem(KEY, dark.value ? 'dark' : 'light')
  }
  return { dark: computed(() => dark.value), toggle }
}
