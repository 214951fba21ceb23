export default {
  evaluation: {
    title: '运行评估', period: '期间', running: '本期尚未结束，为截至目前的数据', report: '评估报告', goal: '目标', met: '达标', missed: '未达标', of: '样本 {n}', nothing: '无样本', before: '上期', answer: '响应（中位）', completed: '按时完成', rules: '最多的报警', noTickets: '本期没有工单。',
  },
  kpi: {
    coverage: '服务覆盖率（现在）', response: '服务响应时间（中位）', 'response-p90': '服务响应时间（九成）', 'response-in-time': '两小时内响应', 'response-over-a-day': '超过24小时未响应', satisfaction: '服务满意度', completion: '服务项目完成率', rectification: '整改率', availability: '设施可用率', tickets: '工单', 'alarms-high': '高级报警', alarms: '报警总数', 'alarms-acknowledged': '报警由人确认', 'alarm-response': '报警确认用时（中位）', drills: '举行的演练', 'drills-overdue': '逾期的演练', trainings: '登记的培训', qualified: '持证有效率',
  },
  safety: {
    title: '安全管理', committee: '安全委员会', none: '社区文件中还没有安全委员会。', documents: '制度与档案', noDocuments: '社区文件中还没有制度与档案。', owner: '责任人', kept: '存放', reviewed: '上次复审 {date}', review: '下次复审 {date}', overdue: '复审已逾期', reviews: '待办复审', noReviews: '没有待办的复审。',
    responsibility: '责任清单', answersFor: '{n} 项设施', facilitiesOf: '查看设施',
  },
  committeeRole: { chair: '安全责任人', supervisor: '安全监督员', inspector: '安全检查员', member: '委员' },
  documentKind: { rule: '制度', procedure: '操作规程', responsibility: '责任书', license: '证照', record: '档案' },
}
