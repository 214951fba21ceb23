export default {
  swaps: {
    title: 'Swaps asked for', ask: 'Ask to stand in or swap', forYou: '{name} asks you:', accept: 'Yes', decline: 'No', takeBack: 'Take back', waits: 'waits for an answer',
    whom: 'Whom', inReturn: 'In return for', nothing: 'nothing: stand in only', send: 'Ask', own: 'Ask somebody to stand in',
  },
}
