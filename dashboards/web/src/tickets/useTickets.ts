/** The tickets that are open, kept up to date by the live channel; what is late comes first. */
import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import { http } from '@/api/http'
import type { Grade, Ticket } from '@/api/types'
import { language } from '@/i18n'
import { VersionedObjects } from '@/live/versioned'
import { isOpen, type TicketAction } from './loop'

export interface TicketFields {
  to?: string
  note?: string
  evidence?: string
  photos?: string[]
  reading?: string | null
  passed?: boolean
  reason?: string
  override?: string | boolean
  into?: string
}

export interface NewWork {
  minutes: number
  parts: { name: string; quantity: number; cost: number }[]
  note: string
}

export interface NewTicket {
  zone: string
  title: string
  note: string
  priority: Grade
}

export const useTickets = defineStore('tickets', () => {
  const objects = new VersionedObjects<Ticket>()
  const loaded = ref(false)
  const open = computed(() =>
    [...objects.byId.values()]
      .filter(isOpen)
      .sort((a, b) => Number(b.late.length > 0) - Number(a.late.length > 0) || Date.parse(b.reported_at) - Date.parse(a.reported_at) || a.id.localeCompare(b.id)),
  )

  async function load(): Promise<void> {
    const mark = objects.mark()
    objects.replace(await http.all<Ticket>('/tickets', { open: true, limit: 200 }, 2000), mark)
    loaded.value = true
  }

  async function fetchOne(id: string): Promise<Ticket> {
    const ticket = await http.get<Ticket>(`/tickets/${encodeURIComponent(id)}`)
    objects.apply(ticket)
    return objects.byId.get(id) ?? ticket
  }

  async function act(id: string, action: TicketAction, fields: TicketFields): Promise<void> {
    await change(id, action, fields)
  }

  async function change(id: string, what: string, body: unknown): Promise<Ticket> {
    const ticket = await http.post<Ticket>(`/tickets/${encodeURIComponent(id)}/${what}`, body)
    objects.apply(ticket)
    return ticket
  }
  const comment = (id: string, text: string) => change(id, 'comments', { text })
  const addWork = (id: string, work: NewWork) => change(id, 'work', work)
  const addPhoto = (id: string, picture: Blob) => change(id, 'photos', picture)

  async function create(ticket: NewTicket): Promise<Ticket> {
    const created = await http.post<Ticket>('/tickets', ticket)
    objects.apply(created)
    return created
  }

  return { byId: objects.byId, open, loaded, load, fetchOne, act, comment, addWork, addPhoto, create, apply: (t: Ticket) => objects.apply(t) }
})

export function titleOf(ticket: Ticket): string {
  return language.value === 'en' && ticket.title_en ? ticket.title_en : ticket.title_zh || ticket.title_en
}
