/** The tickets that are open, kept up to date by the live channel. */
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
  passed?: boolean
  reason?: string
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
      .sort((a, b) => Date.parse(b.reported_at) - Date.parse(a.reported_at) || a.id.localeCompare(b.id)),
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
    objects.apply(await http.post<Ticket>(`/tickets/${encodeURIComponent(id)}/${action}`, fields))
  }

  async function create(ticket: NewTicket): Promise<Ticket> {
    const created = await http.post<Ticket>('/tickets', ticket)
    objects.apply(created)
    return created
  }

  return { byId: objects.byId, open, loaded, load, fetchOne, act, create, apply: (t: Ticket) => objects.apply(t) }
})

export function titleOf(ticket: Ticket): string {
  return language.value === 'en' && ticket.title_en ? ticket.title_en : ticket.title_zh || ticket.title_en
}
