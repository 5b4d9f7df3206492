"use strict";
// The chosen colours on a page of Django's admin, before it is drawn; other pages get them from the server.
{
  const chosen = document.cookie.match(/(?:^|; )theme=(light|dark)(?:;|$)/);
  if (chosen) document.documentElement.dataset.theme = chosen[1];
}
