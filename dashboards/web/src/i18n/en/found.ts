export default {
  found: {
    title: 'Devices found: {n}', what: 'They announced themselves and are not in the site file. Nothing is taken up until its lines are pasted there.',
    where: 'They are at', choose: 'choose a place', lines: 'Lines', close: 'Close', copy: 'Copy',
    row: 'To paste below “devices:” of this gateway', draft: 'First save this profile as {file} in the folder of ANJU_PROFILES, and look it through',
    noZone: 'No place is chosen: the place in the line is a guess. Correct it, or alarms will name the wrong place.', measureBin: 'The depth of the bin is a placeholder. Measure it, or the fill level will be wrong.',
    unread: 'Announced, and not read by this profile: {values}', leftOff: '{n} more were found and are not listed.', unheard: 'The broker refuses the gateway {topics}: devices that announce themselves there are not found. Readings are not affected.',
    copied: { done: 'Copied.', marked: 'This page may not write the clipboard. The lines are marked: press Ctrl+C.' },
    match: { model: 'made for this product', name: 'guessed from its name: make sure', values: 'a general one, by what it announces: make sure', draft: 'drafted: look it through', none: 'none; write the row by hand' },
    sources: { 'home-assistant': 'Home Assistant discovery', zigbee2mqtt: 'Zigbee2MQTT', chirpstack: 'ChirpStack', 'things-stack': 'The Things Stack', tasmota: 'Tasmota', shelly: 'Shelly', sparkplug: 'Sparkplug birth' },
  },
}
