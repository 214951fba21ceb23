/** 规则手册：内容、修改与试运行、社区文件的版本。 */
export default {
  ruleBook: {
    title: '报警规则', open: '报警规则', search: '查找规则', none: '没有符合的规则。', points: '{n} 个测点', often: '7 天内 {n} 次', ticketsOnly: '仅生成工单',
    unwatched: '{n} 个测点没有规则监测', watched: '{of} 个测点中 {n} 个受监测；输出点由命令控制', showUnwatched: '查看',
    risk: '风险等级', condition: '条件', delays: '延时', delay: '持续 {on} 秒报警，恢复 {off} 秒解除', during: '仅在', cause: '原因', consequence: '后果', action: '处置', explains: '连带', watches: '测点', lately: '近期',
    rationale: '分级理由', risks: '对应风险', suppressedBy: '不重复报警', quietUnder: '遇到以下情况不呼叫：{what}', suppressedByHow: '同处或上级区域有这些报警时，本规则不再呼叫：', inMaintenance: '检修期间不呼叫任何人', alwaysCalls: '始终报警', alwaysCallsWhy: '高风险或火灾：不会被设计性抑制，检修时也会报警。', reAlarm: '再次提醒', reAlarmAfter: '确认后 {span} 仍未消除则再次呼叫', looking: '先核实', lookingHow: '{acknowledge} 内有人应答，并可用 {investigate} 到场核实；逾期、无人应答或出现第二个报警，预案即生效', latch: '复位', latched: '须现场查看后复位', per: '判断范围',
    history: '本规则的历次改动', historyOf: '社区文件最近 30 个版本中', historyNone: '社区文件最近 30 个版本中没有改动。', lines1: '当时的内容', gone: '此版本起没有该规则', use: '用这些内容修改', useHow: '放入上面的编辑框：检查、试运行，写明原因后生效。',
    scope: { point: '每个测点', device: '每台设备', zone: '每个区域', building: '每栋楼', site: '整个社区' },
    lines: '社区文件中的内容', linesHow: '先检查，再用历史数据试运行，然后生效。试运行不会触发报警。', noLines: '社区文件中没有该规则的独立段落，或文件正在被直接修改：请在文件中修改。',
    check: '检查', try: '试运行', tryOn: '用最近的数据', days: '{n} 天', reason: '原因（必填，留存备查）', apply: '生效', written: '已写入社区文件，几秒内生效。',
  },
  trial: {
    gathering: '正在读取数据：{n} 条', replaying: '正在用 {n} 条数据试运行…', failed: '试运行失败。',
    rates: '对值班人员的负担', changedRules: '修改后', inForce: '现行', atMost: '不超过 {n}', aim: '目标', alarms: '报警', tickets: '工单', per: '平均每十分钟', peak: '十分钟内最多', within: '符合 EEMUA 191', beyond: '超出 EEMUA 191', period: '{begin} 至 {end}', readings: '{n} 条数据',
    warm: '此前自 {warm} 起的数据只用于学习，不计入。', cold: '历史不足，以下规则起初判断不了：', stood: '开始时已存在、不计入的报警：{n}',
    both: '与现行规则相同 {n} 条', onlyNew: '仅修改后才有 {n} 条', onlyOld: '仅现行规则才有 {n} 条', moved: '两者都有、时间不同 {n} 条', earlier: '提前 {span}', later: '推迟 {span}', more: '… 另有 {n} 条',
  },
  versions: {
    title: '社区文件的版本', open: '版本', none: '还没有版本记录。', inForce: '现行', edited: '直接修改了文件', changed: '改动内容', first: '最早的记录，或已无法读取。', back: '恢复到此版本将改动', restore: '恢复到此版本',
    added: '新增', removed: '删除', same: '没有差别。', unset: '未填写',
    section: { rules: '规则', zones: '区域', gateways: '网关', devices: '设备', people: '人员', parties: '责任方', facilities: '设施', plans: '预案', risks: '风险', calendars: '日历', site: '社区', roster: '值班表', notifications: '通知', schedules: '保养计划', checklists: '检查表', routes: '巡检路线', drills: '演练', qualifications: '资格', trainings: '培训', tickets: '工单', holidays: '节假日' },
  },
}
