export default {
  alarms: {
    flood: { now: '十分钟内 {n} 条报警。', how: '高风险报警单独置顶，其余按楼栋归并。' },
    unrecorded: {
      many: '{n} 条报警尚未存档', how: '平台目前无法保存数据：暂不能确认，也没有工单和预案。请直接处置，并电话告知同事。', waits: '平台恢复保存后方可确认。', told: '已通知：{names}',
      silent: '自 {time} 起收不到报警服务的消息，情况可能已变化。', leftOff: '其中 {n} 条未列出。',
    },
    consequences: '连带 {n} 条', consequencesHow: '本报警未恢复期间不另行呼叫、不另开工单；恢复后仍未消除的会立即呼叫。', follows: '起因',
    open: '当前报警', count: '{all} 条 · {unseen} 条未确认', none: '当前没有报警。', noneThen: '断开前没有报警，之后的情况未知。', neverAny: '还没有任何报警记录。', noneFiltered: '没有符合条件的报警。', more: '还有 {n} 条',
    spoken: '高级报警：{message}，{place}',
    advice: '处置：', advised: '处置建议', cause: '可能原因', consequence: '可能后果', place: '位置', raisedAt: '报警时间', raisedBy: '触发值', raisedByNone: '无：应有的信号未到，或由其他报警共同引发', rule: '规则', ticket: '工单', activation: '应急响应', points: '相关测点', history: '经过',
    anyGrade: '全部级别', anyPlace: '全部区域',
    view: { label: '显示哪些报警', open: '未恢复', unseen: '待确认', suppressed: '已抑制', all: '全部记录' },
    acknowledge: { do: '确认', title: '确认报警', note: '备注（选填）', confirm: '确认报警' },
    reset: { do: '复位', title: '复位报警', note: '复位原因（必填）：现场看到了什么', confirm: '复位' },
    happened: { raised: '报警', raisedAgain: '再次报警', reset: '已复位', acknowledged: '已确认', cleared: '条件已恢复' },
  },
  alarmState: {
    normal: '已恢复', unacknowledged: '未确认', acknowledged: '已确认，仍在报警', 'returned-unacknowledged': '已恢复，未确认', latched: '已恢复，待复位',
  },
}
