export default {
  losses: {
    title: '数据缺失记录', what: '最近七天没有收到、或收到后丢失的数据', none: '最近七天没有数据缺失。', device: '设备', all: '整个网关', reason: '原因', from: '从', to: '到', count: '数量', unknown: '无法得知',
    hoursLeft: '断网可存（小时）',
    reasons: {
      'spool-full': '网关存储已满，先丢最旧的普通数据', 'too-old': '超过保存期限仍未被接收', 'memory-full': '磁盘无法写入且内存已满', damaged: '磁盘上的数据已损坏',
      'sequence-gap': '设备编号不连续，消息未到达网关', silent: '设备没有上报', 'history-went-back': '历史库回到较早的状态（如恢复旧备份），网关已不再保存这段数据', 'rules-went-back': '规则服务回到较早的状态（如恢复旧备份），这段时间的报警已丢失',
      'two-gateways': '两台网关使用同一编号（其中一台是另一台的副本），部分数据被当作重复而丢弃',
      'gateway-down': '网关未运行', 'driver-restarted': '网关读取程序停顿，已重启', flood: '设备不停发送，仅每秒读取其最后几条',
    },
  },
}
