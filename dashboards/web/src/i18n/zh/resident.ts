export default {
  resident: { title: '居民评价', notRated: '居民尚未评价。', stars: '{n} 星（共 5 星）', link: '生成给报修人的链接' },
}
