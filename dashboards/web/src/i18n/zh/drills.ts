export default {
  drills: {
    title: '演练', none: '还没有演练。', plan: '计划演练', due: '演练周期', last: '上次 {date}', never: '尚无记录', next: '下次不晚于 {date}', overdue: '已逾期（{date}）', planned: '已计划：{time}',
    kind: '类型', of: '预案', level: '响应级别', where: '地点', when: '时间', content: '内容', who: '参加人员', scenario: '仿真场景', devices: '测试设备', devicesWhy: '演练期间这些设备处于测试模式，其数据只属于演练，真实报警不看它们。',
    physical: '实际动作', physicalWhy: '门会真的打开，警号会真的鸣响。默认只模拟。', physicalOn: '设备会实际动作', simulated: '设备不动作，仅模拟',
    start: '开始演练', startSure: '开始后预案按演练启动，所有画面、消息和指令都带【演练】标记。', go: '进入演练', cancel: '取消演练', cancelWhy: '取消理由（必填）',
    suspended: '因真实警情中止', suspendedBy: '查看真实警情', score: '评分', notYet: '尚未完成', soFar: '至今 {total} 步中 {done} 步按时完成', percent: '{n}% 的步骤按时完成', first: '首次响应', allowed: '时限', took: '用时', missed: '未完成', told: '通知到 {told} 人，未通知到 {missed} 人',
    evaluate: '评估演练', evaluation: '评估（必填）：做得好的、不足、改进', findings: '整改事项', findingsWhy: '每一项生成一张工单。', addFinding: '添加一项', finding: '要改进什么', save: '完成评估', evaluationTitle: '评估报告', ticket: '查看工单', history: '经过', stepLate: '{name}未按时完成',
  },
  drillKind: { fire: '消防演练', evacuation: '疏散演练', 'natural-disaster': '自然灾害演练', 'safety-accident': '安全事故演练', 'public-health': '公共卫生演练' },
  drillState: { planned: '已计划', running: '进行中', suspended: '已中止', ended: '待评估', evaluated: '已评估', cancelled: '已取消' },
  drillEvent: { start: '开始', suspend: '中止', resume: '继续', end: '结束', evaluate: '评估', cancel: '取消' },
  trainings: {
    title: '培训', needs: '上岗要求', until: '有效至 {date}', record: '登记培训', records: '培训档案', none: '还没有在此登记过培训。', person: '人员', what: '培训', on: '日期', form: '形式', note: '备注', expires: '证书有效期（选填）', save: '登记', withdraw: '撤销',
    refuse: '缺此培训不得上岗', warn: '缺此培训会提醒', noneNeeded: '没有岗位要求培训。',
  },
  trainingForm: { theory: '理论', practice: '实操', 'case-study': '案例' },
  trainingContent: { law: '法律法规', 'safety-knowledge': '安全知识', 'emergency-skills': '应急技能', 'operating-rules': '操作规程' },
  standing: { valid: '有效', expiring: '即将到期', expired: '已过期', missing: '未培训' },
  reminders: { title: '到期提醒', overdue: '逾期', due: '{date} 到期' },
  levels: { change: '调整级别', title: '调整响应级别', reason: '理由（必填）', confirm: '确认调整', read: '打开', report: '事后报告' },
}
