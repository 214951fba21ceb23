export default {
  suppressions: {
    title: 'Suppressed alarms', explain: 'They call nobody, and end by themselves; what still stands then calls at once.', none: 'Nothing is suppressed.', until: 'until {time}', end: 'End now', howLong: 'For how long', reason: 'Why (required)', blind: 'Fire detection is out of service: somebody has to watch', watch: 'Fire will not be detected here: somebody has to watch on the spot.',
    kind: { shelved: 'Shelved', 'out-of-service': 'Out of service', maintenance: 'Under maintenance', 'by-design': 'Suppressed by design: another alarm stands' }, whileStands: 'as long as it stands, {time} at most',
    maintain: { do: 'Maintenance', title: 'Under maintenance', what: 'Rules that the site file marks for it call nobody here and are listed as suppressed. High alarms and fire always call. It ends by itself.' },
    shelve: { do: 'Shelve', title: 'Shelve the alarm', what: 'It calls nobody until then; a high alarm that comes again calls at once.' },
    takeOut: { do: 'Take out of service', title: 'Take the sensors here out of service', what: 'While they are worked on they call nobody and start no plan; all is kept on record.' },
  },
  load: {
    title: 'Alarm load', open: 'Load', explain: 'How the alarm system itself does, by EEMUA 191 and ISA-18.2. Rates are for one person. What called nobody does not count: low risks, suppressed alarms, consequences.',
    days: 'Last day | Last {n} days', operators: '{n} on the alarms', perDay: 'Per day', flooded: 'Time in a flood', about: 'about {n} %', shareHow: 'high and medium alarms, and {n} tickets of low rules', per: 'Per 10 minutes, on average', peak: 'Most in 10 minutes', floods: 'Floods', topTen: 'Share of the ten most frequent places', nowStanding: 'Standing now', stale: 'Of these, over a day', notAck: 'Never acknowledged', chattering: 'Chattering places', ack: 'Time to acknowledge (median / 90 %)', alarms: 'Alarms',
    aim: 'aim {n}', good: 'within', bad: 'beyond', worst: 'Most frequent rules', rule: 'Rule', count: 'Times', standing: 'Standing', at: 'Mostly at', share: 'By grade', none: 'No alarms in this time.',
  },
  journal: {
    title: 'Alarm journal', at: 'When', change: 'What', alarm: 'Alarm', who: 'By', reason: 'Why', download: 'Download CSV', platform: 'the platform', none: 'No entries.', open: 'Journal',
    why: { above: 'above the limit', below: 'below the limit', equals: 'in this state', band: 'outside the band', bit: 'bit set', stale: 'not heard in time', stuck: 'does not move', mean: 'mean over the limit', rate: 'changes too fast', dose: 'dose over the limit', deviation: 'unusual', forecast: 'forecast to reach the limit', changes: 'changes too often', vote: 'several devices agree', sequence: 'nothing explains it', event: 'too many events', over: 'no longer so', hours: 'its hours ended', unwatched: 'no rule watches it any more', offline: 'gateway offline', all: 'all parts true', any: 'one part true', not: 'a part is not true', alarm: 'another alarm stands', 'calm-again': 'calm for five minutes', 'suppression-over': 'suppression ended, still standing', 'stands-acknowledged': 'acknowledged, standing too long', 'first-out-over': 'its first-out is over' },
    happened: { raised: 'raised', suppressed: 'raised, suppressed', consequence: 'consequence', 'seen-when-suppressed': 'over while suppressed', cleared: 'cleared', acknowledged: 'acknowledged', reset: 'reset', shelved: 'shelved', released: 'called again', 're-alarmed': 'reminded', grouped: 'grouped', chattering: 'came and went: stands until calm', ungrouped: 'ungrouped' },
  },
}
