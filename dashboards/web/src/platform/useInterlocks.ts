/** The reset of an interlock: a command to its gateway, and what became of it. */
import { ApiError, http } from '@/api/http'
import type { CommandStatus } from '@/api/types'

const LOOK_EVERY_MS = 500
const PATIENCE_MS = 35_000

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

export function useInterlocks() {
  /** Ask, and wait for the gateway's answer; a refusal is an error with the gateway's reason. */
  async function reset(gateway: string, interlock: string, reason: string): Promise<void> {
    let command = await http.post<CommandStatus>(`/gateways/${gateway}/interlocks/${interlock}/reset`, { reason })
    const end = Date.now() + PATIENCE_MS
    while (!command.outcome && Date.now() < end) {
      await pause(LOOK_EVERY_MS)
      command = await http.get<CommandStatus>(`/commands/${command.id}`)
    }
    if (command.outcome !== 'done') throw new ApiError(409, 'not reset', command.reason || 'no answer from the gateway')
  }

  return { reset }
}
