export default {
  ticketWork: {
    photo: '拍照', unreadable: '这张图片无法读取，请换一张。', photos: '照片', work: '工时与材料', noWork: '还没有登记工时或材料。',
    minutes: '{n} 分钟', total: '合计 {all} 元：{minutes} 分钟工时费 {labour} 元，材料费 {cost} 元', time: '工时（分钟）', part: '材料', quantity: '数量', cost: '费用（元）', note: '说明', add: '登记', addWork: '登记工时或材料',
    comment: '留言', send: '发送', into: '并入哪张工单', reading: '以测点当前读数为凭据', choosePhotos: '作为凭据的照片',
    override: '传感器仍检测到该问题。确需结束，请写明理由并由本人负责', overrideCancel: '传感器仍检测到该问题，仍要取消，由本人负责',
    standing: '传感器仍检测到该问题', cleared: '传感器显示已恢复',
    until: { respond: '响应剩余', complete: '完成剩余' },
    ask: { assign: '请派给合适的人', start: '请响应并开始处理', rectify: '处理完毕后，请提交整改凭据', reinspect: '请到现场复查', close: '复查已通过，请关闭' },
    waits: { reported: '等待派单', assigned: '等待 {who} 响应', 'in-progress': '{who} 正在处理', rectified: '等待他人复查', 're-inspected': '等待关闭' },
    late: { respond: '响应超时', 'respond-limit': '超24小时未响应', complete: '完成超时' },
    facility: '设施', activation: '应急预案', party: '责任方', reopened: '重新打开次数', earlier: '同一问题的上一张工单', mergedInto: '已并入', signed: '在传感器未恢复时结束，理由', open: '查看',
    view: { team: '我的团队', late: '超时' },
    none: { team: '团队没有未完成的工单。', late: '没有超时的工单。' },
  },
}
