/** A photo from the phone's camera: made small, then uploaded. The file input is the template's `camera`. */
import { ref } from 'vue'
import type { useRequest } from '@/api/useRequest'
import { shrink } from './shrink'

export function useCamera(request: ReturnType<typeof useRequest>, upload: (picture: Blob) => Promise<void>) {
  const camera = ref<HTMLInputElement | null>(null)
  /** The last file was no picture this browser can read. */
  const unreadable = ref(false)

  async function add(): Promise<void> {
    const file = camera.value?.files?.[0]
    if (!file) return
    unreadable.value = false
    let picture: Blob
    try {
      picture = await shrink(file)
    } catch {
      unreadable.value = true
      return
    } finally {
      if (camera.value) camera.value.value = ''
    }
    await request.run(() => upload(picture))
  }

  return { camera, unreadable, add }
}
