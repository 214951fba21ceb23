export default {
  headcount: {
    stepConfirmed: '{n} of {of} have confirmed: {who}',
    title: 'Headcount', begin: 'Begin the headcount', none: 'Not begun. Everybody the doors last saw inside will be listed as missing.',
    missing: '{n} missing', everybody: 'Everybody accounted for ({n})', area: 'Evacuated: {place}', doorsUnknown: 'The doors\' newest records cannot be read: the list holds what was stored before and people somebody named.',
    status: { missing: 'Missing', out: 'Out', safe: 'Safe', injured: 'Injured', struck: 'Struck off' },
    oldCards: 'Cards no door has seen for 30 days', oldCardsWhy: 'last inside the community: a headcount lists them as missing',
    strike: 'Strike off', strikeTitle: 'Nobody is behind {name}', strikeReason: 'How it is known (required): the card was lost, its holder moved out; it counts again once it is used',
    card: 'Card {card}', lastSeen: 'last seen at {place}', daysAgo: 'no door has seen this card for {n} days', at: 'Muster point', safe: 'Safe', injured: 'Injured', undo: 'Still missing',
    add: 'Add somebody without a card', who: 'Name or description', where: 'Where they were', put: 'Add to the list',
    confirm: 'Confirm the list', confirmNote: 'Who knows of the missing, and who looks for them', needsTwo: 'Two people confirm it', once: '{who} has confirmed; somebody else confirms too', confirmed: 'Confirmed by two: {names}', showFound: 'Show the {n} accounted for',
  },
}
