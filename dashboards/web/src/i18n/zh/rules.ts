/** Rules: what watches a point. */
export default {
  rules: {
    title: '监测该测点的规则', none: '没有规则监测该测点：它出现异常时不会报警。', loading: '正在读取…', plan: '应急预案',
    onDelay: '持续 {span} 后报警', offDelay: '恢复 {span} 后解除', during: '仅在{hours}', together: '与其他测点一起判断（{scope}）', latch: '需现场复位',
    reAlarm: '确认后 {span} 未消除则再次提醒', overridden: '此处参数与规则通用值不同',
    calendar: { day: '白天', night: '夜间', weekdays: '周一至周五', weekend: '周末', workdays: '工作日', 'rest-days': '休息日', holiday: '法定节假日', 'working-hours': '工作时间' },
  },
}
