export default {
  notifications: {
    title: '值班与通知', onDuty: '现在值班', until: '至 {time}', nobody: '无人', week: '未来一周', standIn: '替班', untrained: '培训已过期',
    leftOut: '培训已过期，不再通知：{names}', calledAnyway: '当班人员均无有效培训，仍照常通知：{names}。请调整排班。', withdraw: '撤销',
    change: { do: '替班', title: '替班：{duty}', out: '原值班人', in: '替班人', reason: '原因（必填）', confirm: '确认替班' },
    log: '通知记录', none: '还没有通知过任何人。',
    who: '通知了谁', reachedNobody: '没有一个人收到通知', whoNone: '没有在页面之外通知任何人。', next: '如无人确认，{time} 通知下一批',
    reach: '无法在页面之外通知', reachAll: '所有人都能收到页面之外的通知。',
    mine: { title: '我的通知', clock: '时段按社区时间（{zone}）。', first: '首选渠道', default: '按社区设置', kinds: '按类型和级别单独设置', about: { alarm: '报警', plan: '应急预案', ticket: '工单' }, asAbove: '渠道同上', anyHour: '任何时间都通知', always: '此类任何时间都通知', quietFrom: '免打扰从', quietTo: '到', what: '高风险报警、应急预案、高优先级工单和值班期间不受免打扰限制；首选渠道失败时会改用其他渠道。', save: '保存', saved: '已保存。' },
  },
  channel: { webpush: '浏览器推送', sms: '短信', email: '电子邮件', wecom: '企业微信', dingtalk: '钉钉', feishu: '飞书' },
  whyNot: { unset: '未配置 {name}', 'no-sender': '社区没有{name}的发送渠道', 'no-address': '{name}的地址无法投递' },
  notificationState: { queued: '等待发送', 'handed-over': '已交给渠道', delivered: '已打开', acknowledged: '已确认', failed: '未送达', withdrawn: '已不需要' },
  escalationState: { calling: '正在逐级通知', 'everybody-told': '已通知所有人，尚无人确认', acknowledged: '已确认', over: '已结束' },
}
