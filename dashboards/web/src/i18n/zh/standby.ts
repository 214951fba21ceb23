export default {
  standby: {
    unanswered: '{time} 内须有人应答，否则预案自动启动',
    looking: '{name} 正在查看：{time} 后预案自动启动，除非解除',
    how: '单个探测器报警，先由一人到现场查看（NFPA 72 正报警程序）。再有任何报警，预案立即启动；时限由社区文件规定，现场不能延长。',
    answer: '我去查看',
  },
}
