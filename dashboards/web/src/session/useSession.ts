/** Who is signed in. The token lives in an HttpOnly cookie; the page only knows the person. */
import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import { ApiError, http, onSessionEnded } from '@/api/http'
import type { Session, User } from '@/api/types'
import { may, type Action } from '@/people/rights'

export const useSession = defineStore('session', () => {
  const user = ref<User | null>(null)
  /** The session ended by itself; the sign-in page says so. */
  const expired = ref(false)
  const known = ref(false)
  const roles = computed(() => user.value?.roles ?? [])

  let before: string | null = null

  onSessionEnded(end)

  /** True when somebody else was signed in on this page before: what they saw must go. */
  async function signIn(username: string, password: string): Promise<boolean> {
    const session = await http.post<Session>('/session', { username, password })
    const another = before !== null && before !== session.user.username
    before = session.user.username
    user.value = session.user
    expired.value = false
    known.value = true
    return another
  }

  async function signOut(): Promise<void> {
    try {
      await http.delete('/session')
    } finally {
      user.value = null
    }
  }

  /** Ask the server who we are; false only when it says nobody. An unreachable server proves nothing. */
  async function check(): Promise<boolean> {
    try {
      const answer = await http.get<User | Session>('/session')
      user.value = 'user' in answer ? answer.user : answer
      before = user.value.username
      known.value = true
      return true
    } catch (error) {
      if (error instanceof ApiError && (error.status === 401 || error.status === 403)) {
        known.value = true
        end()
        return false
      }
      return true
    }
  }

  function end(): void {
    expired.value = user.value !== null || expired.value
    user.value = null
  }

  return { user, roles, expired, known, signIn, signOut, check, may: (action: Action) => may(roles.value, action) }
})
