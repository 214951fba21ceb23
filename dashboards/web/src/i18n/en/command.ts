import activate from './activate'

export default {
  ...activate,
  command: {
    title: 'In command', nobody: 'Nobody yet', since: 'since {time}', asked: 'Asked, {time} left:', unanswered: 'Everybody was asked and nobody has taken command; all are told again in {time}: {names}', offered: 'Being handed over to {name}',
    take: 'Take command', takeOver: 'Take over', takeOverFrom: 'Take command over from {name}', keep: 'Keep command', handOver: 'Hand over', to: 'To whom', reason: 'Reason (required)', until: 'You command until they have taken it.',
    line: 'Line of command', offDuty: 'off duty', call: 'Call {name}',
  },
}
