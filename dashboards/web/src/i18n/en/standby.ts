export default {
  standby: {
    unanswered: 'Somebody has to answer within {time}, or the plan comes into force',
    looking: '{name} is looking: in force in {time} unless stood down',
    how: 'One detector alone: one person looks first (positive alarm sequence, NFPA 72). Any second alarm puts the plan into force at once; the times stand in the site file and cannot be made longer here.',
    answer: 'I go and look',
  },
}
