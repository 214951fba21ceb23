export default {
  tickets: {
    priority: '优先级', priorityIs: '优先级 {grade}', nobody: '未派人', assignee: '负责人', facts: '工单信息', history: '经过', loop: '问题-整改-复查',
    reportedAt: '报告时间', respondBy: '响应期限', respondedAt: '{time} 已响应', completeBy: '完成期限', evidence: '整改凭据', failedInspections: '复查未通过次数',
    alarm: '来源报警', openAlarm: '查看报警', point: '测点', number: '编号',
    view: { label: '显示哪些工单', open: '未完成', mine: '我的', all: '全部记录' },
    none: { open: '没有未完成的工单。', mine: '没有派给您的工单。', all: '还没有工单。' },
    due: { respond: '{span}内响应', complete: '{span}内完成' },
    overdue: { respond: '响应超时 {span}', complete: '完成超时 {span}' },
    do: { assign: '派单', start: '开始处理', rectify: '整改完成', reinspect: '复查', close: '关闭', reopen: '重新打开', cancel: '取消工单', merge: '合并' },
    words: {
      assign: '备注', start: '备注', rectify: '整改凭据：做了什么，看到了什么', reinspectPassed: '备注', reinspectFailed: '还有什么问题', close: '备注', reopen: '什么又出现了', cancel: '取消原因', merge: '为什么是同一个问题',
    },
    assignTo: '派给', assignHint: '选择或输入用户名', result: '复查结果', passed: '通过', failed: '未通过',
    refused: { 'own-work': '整改人不能复查自己的工单，请由他人复查。' },
    happened: { rated: '居民评价', reported: '报告', assign: '派单', start: '开始处理', rectify: '整改完成', pass: '复查通过', fail: '复查未通过', close: '关闭', cancel: '取消', merge: '合并', note: '备注', 'clock-set': '时钟被调整，期限随之移动', 'condition-cleared': '报警条件已恢复', 'raised-again': '再次报警', reopen: '重新打开', comment: '留言', photo: '照片', work: '工时与材料', 'merged-in': '并入', 'planned-late': '补开：到期时未能生成', 'nobody-fits': '没有合适的值班人员，请派单', 'late-respond': '响应超时', 'late-respond-limit': '超过24小时无人响应', 'late-complete': '完成超时' },
    create: { do: '报告问题', title: '报告问题', where: '在哪里', what: '什么问题', more: '补充说明', choose: '选择位置' },
  },
  ticketState: {
    reported: '已报告', assigned: '已派单', 'in-progress': '处理中', rectified: '整改完成', 're-inspected': '复查通过', closed: '已关闭', cancelled: '已取消', merged: '已合并',
  },
}
