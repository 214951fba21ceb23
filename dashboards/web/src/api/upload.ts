/** A file sent as it is, with its progress: `fetch` tells nothing of how much has gone. */
import { API, ApiError, refused } from './http'

/** `said` hears the share that was sent, 0 to 1. */
export function upload<T>(path: string, file: Blob, said: (share: number) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open('POST', API + path)
    request.responseType = 'json'
    request.setRequestHeader('Content-Type', 'application/octet-stream')
    request.upload.onprogress = (event) => { if (event.lengthComputable) said(event.loaded / event.total) }
    request.onerror = () => { reject(new ApiError(0, 'unreachable', '')) }
    request.onload = () => {
      if (request.status < 300) resolve(request.response as T)
      else reject(refused(path, request.status, request.response))
    }
    request.send(file)
  })
}
