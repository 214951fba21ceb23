export default {
  losses: {
    title: 'Missing data', what: 'what never came, or was lost after it came, in the last seven days', none: 'Nothing is missing in the last seven days.', device: 'Device', all: 'the whole gateway', reason: 'Reason', from: 'From', to: 'To', count: 'How many', unknown: 'not known',
    hoursLeft: 'Outage it can hold (h)',
    reasons: {
      'spool-full': 'the gateway\'s store was full; the oldest ordinary data went first', 'too-old': 'kept to its age limit and taken by nobody', 'memory-full': 'the disk could not be written and memory was full', damaged: 'damaged on the gateway\'s disk',
      'sequence-gap': 'the device\'s numbers skip: messages never reached the gateway', silent: 'the device did not report', 'history-went-back': 'the history was set back, as by restoring an older backup; gateways no longer had this', 'rules-went-back': 'the rules were set back, as by restoring an older backup; alarms of this time are gone',
      'two-gateways': 'two gateways went by one id, one a copy of the other; some of what they sent was taken for a repeat',
      'gateway-down': 'the gateway was not running', 'driver-restarted': 'the gateway\'s driver hung and was started again', flood: 'the device spoke without pause; only its last words were read, once a second',
    },
  },
}
