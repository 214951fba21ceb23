export default {
  ticketWork: {
    photo: 'Take a photo', unreadable: 'This picture cannot be read; take another.', photos: 'Photos', work: 'Hours and parts', noWork: 'No hours or parts yet.',
    minutes: '{n} min', total: 'Together {all}: labour {labour} for {minutes} min, parts {cost}', time: 'Time (min)', part: 'Part', quantity: 'Quantity', cost: 'Cost', note: 'Note', add: 'Add', addWork: 'Add hours or parts',
    comment: 'Comment', send: 'Send', into: 'Merge into', reading: 'The point\'s present reading is the evidence', choosePhotos: 'Photos as evidence',
    override: 'A sensor still sees this. To end it all the same, sign with a reason', overrideCancel: 'A sensor still sees this; cancel it all the same, in my name',
    standing: 'A sensor still sees this', cleared: 'The sensors say it is over',
    until: { respond: 'Time to respond', complete: 'Time to complete' },
    ask: { assign: 'Give it to somebody who can do it', start: 'Answer, and begin work', rectify: 'When it is done, show the evidence', reinspect: 'Go and re-inspect it', close: 'It passed the re-inspection: close it' },
    waits: { reported: 'Waits to be assigned', assigned: 'Waits for {who} to respond', 'in-progress': '{who} is working on it', rectified: 'Waits for somebody else\'s re-inspection', 're-inspected': 'Waits to be closed' },
    late: { respond: 'Response late', 'respond-limit': 'No response in 24 h', complete: 'Overdue' },
    facility: 'Facility', activation: 'Emergency plan', party: 'Responsible party', reopened: 'Reopened', earlier: 'Last ticket of the same problem', mergedInto: 'Merged into', signed: 'Ended while a sensor saw it, because', open: 'Open',
    view: { team: 'My team', late: 'Late' },
    none: { team: 'Your team has no open tickets.', late: 'No ticket is late.' },
  },
}
