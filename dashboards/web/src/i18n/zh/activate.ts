export default {
  activate: {
    title: '启动应急预案', which: '预案', suggested: '建议', why: '理由（点选或填写）', words: '补充说明（选填）',
    reasons: {
      'fire:flames': '看见明火', 'fire:smoke': '看见或闻到烟', 'fire:two': '多处探测器报警',
      'natural-disaster:water': '进水或积水', 'natural-disaster:storm': '大风暴雨', 'natural-disaster:quake': '地震',
      'safety-accident:gas': '燃气泄漏', 'safety-accident:power': '触电或短路', 'safety-accident:lift': '电梯困人', 'safety-accident:crowd': '人员拥挤',
      'public-health:sick': '多人不适', 'public-health:case': '确诊或疑似病例', 'public-health:air': '空气异常',
      'any:alarm': '现场报警属实', 'any:phone': '居民来电', 'any:hurt': '有人受伤',
    },
  },
}
