/** Requests to the API: JSON in and out, a time limit on each, errors as one type. */
import type { List } from './types'

export const API = '/api/v1'
const TIME_LIMIT_MS = 15_000

/** Why a request did not do what was asked; `status` 0 means no answer came. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly title: string,
    readonly detail: string,
  ) {
    super(detail || title)
    this.name = 'ApiError'
  }
}

type Query = Record<string, string | number | boolean | null | undefined>

const sessionEnded = new Set<() => void>()

/** Calls `callback` whenever the API answers that nobody is signed in. */
export function onSessionEnded(callback: () => void): () => void {
  sessionEnded.add(callback)
  return () => sessionEnded.delete(callback)
}

export function query(values: Query): string {
  const pairs = Object.entries(values).filter(([, v]) => v !== undefined && v !== null && v !== '')
  return pairs.length ? `?${new URLSearchParams(pairs.map(([k, v]) => [k, String(v)])).toString()}` : ''
}

/** `body` is sent as JSON; a file as it is. */
async function request<T>(method: string, path: string, body?: unknown): Promise<T> {
  const headers: Record<string, string> = { Accept: 'application/json' }
  if (method !== 'GET') headers['Idempotency-Key'] = newKey()
  const isFile = body instanceof Blob
  if (body !== undefined) headers['Content-Type'] = isFile ? body.type : 'application/json'
  let response: Response
  try {
    response = await fetch(`${API}${path}`, {
      method,
      headers,
      credentials: 'same-origin',
      body: isFile ? body : body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(TIME_LIMIT_MS),
    })
  } catch (error) {
    throw new ApiError(0, 'unreachable', error instanceof Error ? error.message : '')
  }
  if (response.ok) return (response.status === 204 ? undefined : await response.json()) as T
  throw refused(path, response.status, await response.json().catch(() => null))
}

/** Why a request was refused, from the body of the answer; that nobody is signed in any more is heard everywhere. */
export function refused(path: string, status: number, body: unknown): ApiError {
  if (status === 401 && !path.startsWith('/session')) sessionEnded.forEach((callback) => { callback() })
  const { title, detail } = (body ?? {}) as { title?: unknown; detail?: unknown }
  return new ApiError(status, typeof title === 'string' ? title : '', typeof detail === 'string' ? detail : '')
}

/** crypto.randomUUID exists only on HTTPS and localhost; a plain LAN address must work too. */
function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('')
}

export const http = {
  get: <T>(path: string, values: Query = {}) => request<T>('GET', path + query(values)),
  post: <T>(path: string, body: unknown = {}) => request<T>('POST', path, body),
  put: <T>(path: string, body: unknown) => request<T>('PUT', path, body),
  patch: <T>(path: string, body: unknown) => request<T>('PATCH', path, body),
  delete: (path: string) => request<undefined>('DELETE', path),

  /** Every item of a list, page by page, up to `most`. */
  async all<T>(path: string, values: Query = {}, most = 20_000): Promise<T[]> {
    const items: T[] = []
    let cursor: string | null | undefined
    do {
      const page: List<T> = await http.get<List<T>>(path, { ...values, cursor })
      items.push(...page.items)
      cursor = page.next
    } while (cursor && items.length < most)
    return items
  },
}
