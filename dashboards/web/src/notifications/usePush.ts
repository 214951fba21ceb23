/** Web push in this browser: whether it can, whether it is on, and how to switch it. */
import { ref } from 'vue'
import { http } from '@/api/http'
import type { Push } from '@/api/types'
import { useRequest } from '@/api/useRequest'

const WORKER = '/push-worker.js'

export function usePush() {
  const request = useRequest()
  const push = ref<Push | null>(null)
  /** Browsers push to pages that came over HTTPS, or from this machine. */
  const can = 'serviceWorker' in navigator && 'PushManager' in window && isSecureContext

  async function load(): Promise<void> {
    await request.run(async () => { push.value = await http.get<Push>('/notifications/push') })
  }

  /** True once the platform has the subscription; false with the request's problem, or when the person said no. */
  async function subscribe(label: string): Promise<boolean> {
    const key = push.value?.key
    if (!key || (await Notification.requestPermission()) !== 'granted') return false
    return request.run(async () => {
      await navigator.serviceWorker.register(WORKER)
      const worker = await navigator.serviceWorker.ready
      const mine = await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key })
      push.value = await http.post<Push>('/notifications/push', { ...mine.toJSON(), label })
    })
  }

  async function remove(id: string): Promise<void> {
    await request.run(async () => {
      await http.delete(`/notifications/push/${encodeURIComponent(id)}`)
      push.value = await http.get<Push>('/notifications/push')
    })
  }

  return { push, can, request, load, subscribe, remove }
}
