export default {
  suppressions: {
    title: '抑制中的报警', explain: '不呼叫任何人，到时自动恢复；仍未消除的报警会立即呼叫。', none: '没有被抑制的报警。', until: '至 {time}', end: '立即恢复', howLong: '多长时间', reason: '原因（必填）', blind: '火灾探测已停用，须派人值守', watch: '这里的火灾探测将停用：期间必须有人现场值守。',
    kind: { shelved: '搁置', 'out-of-service': '停用', maintenance: '维护中', 'by-design': '按设计抑制：另有报警未恢复' }, whileStands: '该报警恢复为止，最长至 {time}',
    maintain: { do: '维护', title: '进入维护', what: '社区文件中标明的规则在此处不呼叫，列入已抑制；高级报警和火警照常呼叫。到时自动结束。' },
    shelve: { do: '搁置', title: '搁置报警', what: '到时间前不再呼叫；高级报警再次发生时仍会立即呼叫。' },
    takeOut: { do: '停用', title: '停用此处的探测', what: '检修期间，这里的设备不呼叫、不启动预案；所有情况仍有记录。' },
  },
  load: {
    title: '报警负荷', open: '报警负荷', explain: '报警系统自己的表现，按 EEMUA 191 和 ISA-18.2 衡量；频率按每人计。没有呼叫人的不计入：低级风险、被抑制的、连带的。',
    days: '最近 {n} 天', operators: '{n} 人值守', perDay: '平均每天', flooded: '处于泛滥的时间', about: '约 {n} %', shareHow: '高、中级报警，加上 {n} 张低级风险工单', per: '平均每 10 分钟', peak: '10 分钟内最多', floods: '报警泛滥次数', topTen: '最频繁十处占比', nowStanding: '现在未恢复', stale: '其中超过一天', notAck: '无人确认', chattering: '反复报警的位置', ack: '确认用时（中位 / 九成）', alarms: '报警总数',
    aim: '目标 {n}', good: '符合', bad: '超出', worst: '最频繁的规则', rule: '规则', count: '次数', standing: '累计时间', at: '最多的位置', share: '各级占比', none: '这段时间没有报警。',
  },
  journal: {
    title: '报警日志', at: '时间', change: '经过', alarm: '报警', who: '操作人', reason: '原因', download: '下载 CSV', platform: '系统', none: '没有记录。', open: '报警日志',
    why: { above: '高于上限', below: '低于下限', equals: '状态符合', band: '超出区间', bit: '状态位置位', stale: '未按时上报', stuck: '读数不变', mean: '均值超限', rate: '变化过快', dose: '累积量超限', deviation: '偏离常态', forecast: '预计将达限值', changes: '频繁变化', vote: '多个设备一致', sequence: '无正当起因', event: '事件过多', over: '条件恢复', hours: '时段结束', unwatched: '不再有规则监测', offline: '网关离线', all: '条件同时成立', any: '任一条件成立', not: '条件不成立', alarm: '其他报警成立', 'calm-again': '已平静五分钟', 'suppression-over': '抑制结束，仍在报警', 'stands-acknowledged': '确认后长时间未消除', 'first-out-over': '首发报警已结束' },
    happened: { raised: '报警', suppressed: '报警（已抑制）', consequence: '连带报警', 'seen-when-suppressed': '抑制期间恢复', cleared: '条件恢复', acknowledged: '确认', reset: '复位', shelved: '搁置', released: '恢复呼叫', 're-alarmed': '再次提醒', grouped: '归入首发报警', chattering: '反复报警：保持至平静', ungrouped: '不再归组' },
  },
}
