export default {
  activate: {
    title: 'Activate an emergency plan', which: 'Plan', suggested: 'suggested', why: 'Reason (touch or write)', words: 'More words (optional)',
    reasons: {
      'fire:flames': 'Flames seen', 'fire:smoke': 'Smoke seen or smelled', 'fire:two': 'Several detectors',
      'natural-disaster:water': 'Water comes in', 'natural-disaster:storm': 'Storm', 'natural-disaster:quake': 'Earthquake',
      'safety-accident:gas': 'Gas leak', 'safety-accident:power': 'Electric shock or short', 'safety-accident:lift': 'Trapped in a lift', 'safety-accident:crowd': 'Crowding',
      'public-health:sick': 'Several feel ill', 'public-health:case': 'Confirmed or suspected case', 'public-health:air': 'Foul air',
      'any:alarm': 'The alarm is real', 'any:phone': 'Reported by phone', 'any:hurt': 'Somebody is hurt',
    },
  },
}
