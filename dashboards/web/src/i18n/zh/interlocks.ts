export default {
  interlocks: {
    title: '本地联动', what: '由网关自行执行，不依赖服务器和网络', ready: '待命', tripped: '已动作', unknown: '状态未知',
    done: '{n} 个输出已到位', setting: '正在执行', failed: '联动自身故障，已打开疏散门：{why}',
    reset: '复位', resetTitle: '复位：{name}', resetWhy: '为何已安全？复位后输出保持现状，门锁需另行下令上锁。',
  },
}
