export default {
  notifications: {
    title: 'Duty', onDuty: 'On duty now', until: 'until {time}', nobody: 'nobody', week: 'The week ahead', standIn: 'stand-in', untrained: 'training run out',
    leftOut: 'Not called, the training has run out: {names}', calledAnyway: 'Nobody on duty has a valid training. {names}: called all the same. Change the roster.', withdraw: 'Withdraw',
    change: { do: 'Stand in', title: 'Stand in: {duty}', out: 'Instead of', in: 'Stand-in', reason: 'Why (required)', confirm: 'Change the roster' },
    log: 'Notifications', none: 'Nobody was told of anything yet.',
    who: 'Who was told', reachedNobody: 'nobody could be reached', whoNone: 'Nobody was told outside the page.', next: 'Unless somebody acknowledges, the next are told at {time}',
    reach: 'Not reachable outside the page', reachAll: 'Everybody can be reached outside the page.',
    mine: { title: 'My notifications', clock: 'Hours are the community\'s ({zone}).', first: 'First by', default: 'as the site says', kinds: 'Otherwise for a kind and grade', about: { alarm: 'Alarms', plan: 'Emergency plans', ticket: 'Tickets' }, asAbove: 'channel as above', anyHour: 'told at any hour', always: 'told of these at any hour', quietFrom: 'Quiet from', quietTo: 'to', what: 'High alarms, emergency plans, tickets of high priority and being on duty know no quiet hours; when the first channel fails, the others are tried.', save: 'Save', saved: 'Saved.' },
  },
  channel: { webpush: 'browser push', sms: 'SMS', email: 'E-mail', wecom: 'WeCom', dingtalk: 'DingTalk', feishu: 'Feishu' },
  whyNot: { unset: '{name} is not set', 'no-sender': 'no sender for {name}', 'no-address': '{name}: this is no address anything is delivered to' },
  notificationState: { queued: 'waiting', 'handed-over': 'handed over', delivered: 'opened', acknowledged: 'acknowledged', failed: 'not delivered', withdrawn: 'no longer needed' },
  escalationState: { calling: 'telling people, level by level', 'everybody-told': 'everybody was told, nobody has acknowledged', acknowledged: 'acknowledged', over: 'over' },
}
