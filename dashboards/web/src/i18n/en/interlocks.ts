export default {
  interlocks: {
    title: 'Local interlocks', what: 'carried out in the gateway, with no server and no network', ready: 'Ready', tripped: 'Tripped', unknown: 'Unknown',
    done: '{n} outputs are set', setting: 'being set', failed: 'It failed itself and opened the doors: {why}',
    reset: 'Reset', resetTitle: 'Reset {name}', resetWhy: 'Why is it safe? Its outputs stay as they are; doors are locked again by a command.',
  },
}
