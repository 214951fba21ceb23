export default {
  overview: {
    buildings: '楼栋与区域', noZones: '场所配置里还没有区域。', noAlarm: '无报警', noAlarmThen: '断开前无报警', andMore: ' 等 {n} 条',
    devices: '设备 {n}', points: '测点 {n}', unknown: '{n} 个数据不可用', noValues: '数值',
    key: { fill: '最满桶', binTemperature: '桶温', temperature: '最高温度', co2: 'CO₂', level: '水位', pm25: 'PM2.5', pressure: '水压', noise: '噪声', humidity: '湿度' },
  },
  place: { all: '全部', unknown: '数据不可用', choose: '按类别筛选', alarms: '此处的报警', noPoints: '这里没有测点。', allKnown: '这里所有测点的数据都可用。', none: '没有这个区域。' },
  family: { access: '门禁', environment: '环境', fire: '消防', waste: '垃圾分类', system: '设备' },
  points: {
    alarms: '该测点的报警', ago: '前', source: '来源', place: '位置', family: '类别', device: '设备', gateway: '网关', plausible: '合理范围',
    siblings: '同一设备的其他测点', none: '没有这个测点。', state: { 0: '否', 1: '是' },
  },
  quality: {
    good: '数据正常', uncertain: '数据不确定', outOfRange: '超出合理范围', stale: '数据过期', communicationFailure: '通讯故障',
    clockSuspect: '时钟可疑', simulated: '仿真', testMode: '测试模式', disabled: '已停用',
  },
  missing: {
    never: '尚无数据', noPoint: '已不在社区文件中', event: '只记录事件', noValue: '无数值', uncertain: '数据不确定', outOfRange: '超出合理范围', stale: '数据过期',
    communicationFailure: '通讯故障', clockSuspect: '时钟可疑', simulated: '仿真', testMode: '测试模式', disabled: '已停用',
  },
  chart: { label: '{name}的历史曲线', hour: '1 小时', day: '24 小时', week: '7 天', month: '30 天', rangeLabel: '时间范围', mean: '平均', range: '范围', value: '当前', empty: '这段时间没有数据', coverage: '数据完整率 {share}：应有 {expected} 条，实有 {covered} 条（每 {every} 一条）', coverageMeans: '这段时间应有的数据中，已收到且可用的比例', missing: '数据完整率 {share}' },
  access: { title: '门禁记录', day: '最近 24 小时', none: '最近 24 小时没有记录。', granted: '通行', denied: '拒绝', unknown: '未知卡', opened: '开门', forced: '强行开门', card: { read: '读到卡' } },
}
