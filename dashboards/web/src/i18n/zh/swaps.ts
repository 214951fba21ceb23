export default {
  swaps: {
    title: '换班申请', ask: '请人替班或换班', forYou: '{name} 请您：', accept: '同意', decline: '不同意', takeBack: '撤回', waits: '等待答复',
    whom: '请谁', inReturn: '交换对方的', nothing: '不交换，只替班', send: '发出申请', own: '请人替班',
  },
}
