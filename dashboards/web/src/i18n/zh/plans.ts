export default {
  plans: {
    none: '还没有应急预案。', notHere: '没有这个预案。', version: '第 {n} 版', versionWord: '预案版本', steps: '{n} 个步骤', revision: '下次修订 {date}', revisionOverdue: '修订已逾期（{date}）',
    activations: '启动记录', noActivation: '还没有启动过预案。', openActivation: '查看应急响应',
    level: '{grade}级响应', levelWord: '响应级别', within: '{span}内', organisation: '应急组织', commander: '指挥', roles: '各组', approved: '批准', nextRevision: '下次修订', resources: '保障资源',
    next: '下一步', handedOver: '，已交给{channel}', byChannel: '，{channel}：', asRole: '{name}（{roles}）', stepsTitle: '处置步骤', stepsDone: '已完成 {done}/{all}', stepsFailed: '{n} 失败', stepsLate: '{n} 超时',
    leftOpen: '有 {n} 个步骤未完成：', first: '须先完成：{steps}', reviewTicket: '整改工单',
    activatedAt: '启动时间', stoodDownAt: '解除时间', cause: '起因', reason: '理由', alarms: '相关报警',
    kind: { machine: '自动执行', notify: '通知', person: '人工' },
    action: { to: '指令：{value}', waiting: '等待应答', done: '已执行', refused: '被拒绝', failed: '执行失败', expired: '已过期', notProven: '已执行，回读不符', readBack: '回读：{value}', drill: '演练，未动作' },
    finish: { do: '完成此步', note: '备注（选填）', proof: '凭据（必填）：做了什么，看到了什么', photo: '此步需要照片', reading: '读取的数值（必填）', headcount: '两人确认无人缺失后完成' },
    activate: {
      do: '启动预案', where: '在哪里', level: '响应级别', machines: '将立即自动执行：', confirm: '立即启动',
    },
    restore: {
      title: '结束后的设备', do: '恢复设备', left: '仍处于预案动作状态：{names}', all: '预案动作过的设备均已恢复。',
      sure: '恢复设备：门将重新上锁，警号停止', reason: '如何确认已无人需要（必填）',
    },
    change: {
      activate: { do: '立即启动', title: '确认警情，立即启动', reason: '看到了什么（必填）' },
      pause: { do: '暂停', title: '暂停应急响应', reason: '暂停理由（必填）' },
      resume: { do: '继续', title: '继续应急响应', reason: '继续理由（必填）' },
      contain: { do: '标记已控制', title: '事态已控制', reason: '依据（必填）' },
      'stand-down': { do: '解除', title: '解除应急响应', reason: '解除理由（必填）' },
      review: { do: '完成总结', title: '事后总结', reason: '总结（必填）：经过、教训、改进' },
    },
  },
  planKind: { fire: '火灾', 'natural-disaster': '自然灾害', 'safety-accident': '安全事故', 'public-health': '公共卫生事件' },
  planRole: { commander: '指挥', guide: '疏散引导组', liaison: '通讯联络组', firefighting: '灭火组', 'first-aid': '救护组', repair: '抢修组', cleaning: '消毒保洁组', supplies: '物资保障组', 'duty-manager': '值班经理', maintenance: '值班维修' },
  activationState: { standby: '待确认', paused: '已暂停', activated: '已启动', responding: '响应中', contained: '已控制', 'stood-down': '已解除', reviewed: '已总结' },
  stepState: { waiting: '待执行', running: '执行中', done: '已完成', failed: '失败，转人工', late: '已超时', dropped: '本级不需要' },
  timeline: {
    'clock-set': '时钟被调整，期限随之移动', 'left-open': '未完成的步骤',
    'command-asked': '请其指挥', 'command-asked-again': '再次请其指挥', 'command-unanswered': '已全部询问，无人接受指挥', 'command-taken': '接受指挥', 'command-taken-over': '接管指挥，原指挥', 'command-offered': '移交指挥给',
    'step-confirmed': '一人已确认', photo: '拍照', 'headcount-begun': '开始清点人数', 'headcount-confirmed': '两人确认清点结果', telling: '正在通知', told: '已通知', 'not-told': '未通知到', title: '时间线', system: '系统', activated: '预案启动', 'alarm-joined': '并入报警', commanded: '下发指令', 'command-done': '指令已执行', 'command-answered': '指令应答', 'step-done': '步骤完成', 'step-failed': '步骤失败', notified: '已通知',
    'step-late': '步骤超时', restore: '恢复设备', 'output-restored': '已恢复', 'output-not-restored': '未能恢复', contain: '事态已控制', 'stand-down': '解除', review: '事后总结', standby: '待人确认', investigating: '有人去查看', activate: '正式启动', pause: '暂停', resume: '继续', 'resume-contained': '继续（事态已控制）', 'called-again': '再次启动，并入', 'gave-way': '演练让位于真实警情', 'level-up': '提高响应级别', 'level-down': '降低响应级别', detected: '演练中探测到', respond: '开始响应',
  },
}
