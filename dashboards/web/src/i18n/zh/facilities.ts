export default {
  facilities: {
    code: '报修二维码', codeHow: '打印后贴在设施上：居民无需登录即可报修。',
    register: '设施台账', inspections: '巡检', renewals: '更新计划', risks: '风险',
    all: '全部', category: '类别', zone: '位置', party: '责任主体', escalation: '上报单位', installed: '安装日期', life: '使用期限', assumedLife: '（按指南年限）', unknownAge: '不详',
    none: '没有符合条件的设施。', notHere: '没有这个设施。', openTickets: '{n} 张未结工单', overdueTickets: '{n} 张逾期', openAlarms: '{n} 条报警',
    points: '关联传感器', noPoints: '没有关联传感器。', schedules: '预防性维护', noSchedules: '没有维护计划。', nextAt: '下次 {time}', hours: '已运行 {figure} 小时，{next} 小时到期', starts: '已启动 {figure} 次，{next} 次到期', notCounted: '尚无计数',
    tickets: '近12个月工单', noTickets: '没有工单。', spent: '配件 {cost} 元', history: '巡检记录', noHistory: '尚未巡检。', overdue: '逾期', dueBy: '{time} 前完成',
    documents: '资料', noDocuments: '没有资料。', addDocument: '添加资料', documentKinds: 'PDF、JPEG 或 PNG，不超过 20 MB', kilobytes: '{n} 千字节',
  },
  facilityCategory: {
    fire: '消防', lift: '电梯', water: '给排水', electricity: '电气', gas: '燃气', lighting: '照明', ventilation: '通风', 'barrier-free': '无障碍', access: '门禁', waste: '垃圾分类', 'elderly-care': '养老', 'child-care': '托育', sports: '体育', 'service-centre': '服务中心', 'public-space': '公共空间', other: '其他',
  },
  renewals: { overdue: '已逾期', year: '{year}年', cost: '{cost} 元', unestimated: '{n} 项未估价', unknown: '年限不详', none: '没有需要更新的设施。', total: '估算费用' },
  rounds: {
    routes: '巡检路线', start: '现在开始', open: '待完成巡检', done: '已完成巡检', none: '没有巡检。', stops: '{n} 个点位', next: '下次 {time}', unplanned: '按需进行',
    overdue: '{time} 起逾期', due: '{time} 前完成', planned: '计划 {time}', late: '补生成', left: '共 {all} 项，剩余 {left} 项', failed: '{n} 项不合格', by: '{who} 巡检', begin: '开始巡检', finish: '完成巡检', finished: '{time} 完成',
    value: '读数', limits: '{low} 至 {high} {unit}', note: '存在的问题', photo: '拍照', unreadable: '无法读取这张图片。', save: '保存不合格项', ticket: '查看工单', notHere: '没有这次巡检。', needsValue: '请先填写读数。',
  },
  roundState: { planned: '待巡检', 'under-way': '巡检中', done: '已完成' },
  outcome: { pass: '合格', fail: '不合格', 'not-applicable': '不适用' },
  risks: {
    likelihood: '可能性', severity: '严重性', none: '风险清单为空。', owner: '负责人', plan: '应急预案', noPlan: '无', controls: '管控措施', review: '下次复评', reviewOverdue: '复评逾期', assessed: '评估日期', source: '来源',
    figures: '近12个月：报警 {alarms} 次，工单 {tickets} 张，检查不合格 {failed} 次', cleared: '半数在 {minutes} 分钟内恢复', propose: '历史数据建议 {likelihood} × {severity}（{grade}）', decide: '评定', decideTitle: '评定：{name}', reason: '理由（必填）', confirm: '记录评定', decisions: '评定记录', decided: '{who} 评定 {likelihood} × {severity}：{reason}', facilities: '相关设施',
  },
  riskSource: { food: '食品', people: '人员', equipment: '设备', environment: '环境', process: '流程' },
  riskReason: { events: '报警次数超过原评估', 'no-events': '一整年未发生', 'slow-to-clear': '半数报警超过一小时才恢复', 'failed-inspections': '检查不合格达三次以上' },
}
