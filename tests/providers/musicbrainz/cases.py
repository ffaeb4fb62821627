"""Tracks as catalogues write them, recordings as MusicBrainz has them, and which one is the track: titles and lengths are facts.

Each case: title, artist, seconds (None = unknown), then recordings as title, artist credit, seconds, disambiguation; the one that
starts with ``>`` is the track, where there is one.
"""

from __future__ import annotations

CASES = """
Here Comes The Sun - Remastered 2009 | The Beatles | 186
  > Here Comes the Sun | The Beatles | 185
  Here Comes the Sun (live) | George Harrison | 190
Get Lucky (feat. Pharrell Williams & Nile Rodgers) | Daft Punk, Pharrell Williams, Nile Rodgers | 369
  > Get Lucky | Daft Punk feat. Pharrell Williams & Nile Rodgers | 369
  Get Lucky | Daft Punk feat. Pharrell Williams & Nile Rodgers | 248 | radio edit
Under Pressure | Queen, David Bowie | 248
  > Under Pressure | David Bowie & Queen | 248
  Under Pressure (live) | Queen | 233
Lose Yourself | Eminem | 326
  Lose Yourself (a cappella) | Eminem | 326
Lose Yourself - Instrumental | Eminem | 323
  Lose Yourself | Eminem | 326
  > Lose Yourself (instrumental) | Eminem | 323
Yesterday | The Beatles | 125
  Yesterday | The Beatles Karaoke | 125
  Yesterday (karaoke version) | The Beatles | 125
Blue Monday | New Order | 446
  Blue Monday | New Order | 247
  > Blue Monday | New Order | 449
Help! | The Beatles | 139
  Help! | The Beatles | | live, 1965-08-15: Shea Stadium
Bohemian Rhapsody - Remastered 2011 | Queen | 354
  > Bohemian Rhapsody | Queen | 355
  Bohemian Rhapsody | Queen | 338 | live, 1986-07-12: Wembley Stadium
Bohemian Rhapsody | Pentatonix | 365
  Bohemian Rhapsody | Queen | 355
Symphony No. 5 in C Minor, Op. 67: I. Allegro con brio | Wiener Philharmoniker, Carlos Kleiber | 443
  Symphony no. 5 in C minor, op. 67: II. Andante con moto | Wiener Philharmoniker, Carlos Kleiber | 441
  > Symphony no. 5 in C minor, op. 67: I. Allegro con brio | Wiener Philharmoniker, Carlos Kleiber | 441
Another Brick in the Wall, Pt. 2 | Pink Floyd | 239
  Another Brick in the Wall, Part 1 | Pink Floyd | 191
  > Another Brick in the Wall, Part 2 | Pink Floyd | 239
  Another Brick in the Wall, Part 3 | Pink Floyd | 75
Shine On You Crazy Diamond (Pts. 1-5) | Pink Floyd | 811
  Shine On You Crazy Diamond, Parts VI-IX | Pink Floyd | 749
Smells Like Teen Spirit | Nirvana | 301
  > Smells Like Teen Spirit | Nirvana | 301
  Smells Like Teen Spirit (Butch Vig mix) | Nirvana | 300
  Smells Like Nirvana | “Weird Al” Yankovic | 223
About A Girl - Live | Nirvana | 217
  About a Girl | Nirvana | 168
  > About a Girl (live) | Nirvana | 217 | MTV Unplugged in New York
Where Did You Sleep Last Night - Live | Nirvana | 305
  > Where Did You Sleep Last Night | Nirvana | 306 | live, MTV Unplugged
Wonderwall - Remastered | Oasis | 258
  > Wonderwall | Oasis | 259
  Wonderwall | Ryan Adams | 249
Don't Stop Believin' | Journey | 250
  > Don’t Stop Believin’ | Journey | 251
  Don’t Stop Believin’ | Glee Cast | 231
Beat It - Single Version | Michael Jackson | 258
  > Beat It | Michael Jackson | 258
  Beat It (demo) | Michael Jackson | 127
Thriller | Michael Jackson | 358
  > Thriller | Michael Jackson | 357
  Thriller (single version) | Michael Jackson | 312
Levels - Radio Edit | Avicii | 200
  > Levels (radio edit) | Avicii | 199
  Levels (original mix) | Avicii | 338
  Levels (Skrillex remix) | Avicii | 280
Around the World | Daft Punk | 429
  Around the World (Motorbass Vice mix) | Daft Punk | 429
  > Around the World | Daft Punk | 430
Around the World - Radio Edit | Daft Punk | 239
  > Around the World (radio edit) | Daft Punk | 240
  Around the World | Daft Punk | 430
All Too Well (10 Minute Version) (Taylor's Version) (From The Vault) | Taylor Swift | 613
  All Too Well | Taylor Swift | 329
  > All Too Well (10 minute version) (Taylor’s version) (From the Vault) | Taylor Swift | 613
Love Story (Taylor's Version) | Taylor Swift | 235
  Love Story | Taylor Swift | 236
  > Love Story (Taylor’s version) | Taylor Swift | 236
Love Story | Taylor Swift | 235
  Love Story (Taylor’s version) | Taylor Swift | 236
Hurt | Johnny Cash | 218
  Hurt | Nine Inch Nails | 373
  > Hurt | Johnny Cash | 216
Hallelujah | Jeff Buckley | 413
  Hallelujah | Leonard Cohen | 279
  Hallelujah | Rufus Wainwright | 250
  > Hallelujah | Jeff Buckley | 413
Sweet Dreams (Are Made of This) | Eurythmics, Annie Lennox, Dave Stewart | 216
  > Sweet Dreams (Are Made of This) | Eurythmics | 216
  Sweet Dreams (Are Made of This) | Marilyn Manson | 289
Sweet Dreams | Eurythmics | 216
  > Sweet Dreams (Are Made of This) | Eurythmics | 216
(I Can't Get No) Satisfaction - Mono | The Rolling Stones | 222
  > (I Can’t Get No) Satisfaction | The Rolling Stones | 223
  (I Can’t Get No) Satisfaction (live) | The Rolling Stones | 225
Stay (I Missed You) | Lisa Loeb & Nine Stories | 184
  > Stay (I Missed You) | Lisa Loeb & Nine Stories | 183
Empire State Of Mind (feat. Alicia Keys) | JAY-Z | 276
  Empire State of Mind (Part II) Broken Down | Alicia Keys | 216
  > Empire State of Mind | JAY‐Z + Alicia Keys | 276
Empire State of Mind (Part II) Broken Down | Alicia Keys | 216
  Empire State of Mind | JAY‐Z feat. Alicia Keys | 276
  > Empire State of Mind (Part II) Broken Down | Alicia Keys | 216
Crazy in Love (feat. Jay-Z) | Beyoncé | 236
  > Crazy in Love | Beyoncé feat. JAY‐Z | 236
  Crazy in Love (remix) | Beyoncé | 236
Umbrella | Rihanna | 275
  > Umbrella | Rihanna feat. JAY‐Z | 276
  Umbrella (Seamus Haji & Paul Emanuel remix) | Rihanna | 275
Raise Your Glass | P!nk | 203
  > Raise Your Glass | Pink | 203
TiK ToK | Kesha | 200
  > TiK ToK | Ke$ha | 200
Ænima | TOOL | 399
  > Ænema | Tool | 399
Hoppípolla | Sigur Rós | 268
  > Hoppípolla | Sigur Rós | 268
  Með blóðnasir | Sigur Rós | 137
Army of Me | Björk | 234
  > Army of Me | Björk | 234
  Army of Me | Björk & Skunk Anansie | 250
Ace of Spades | Motorhead | 168
  > Ace of Spades | Motörhead | 169
  Ace of Spades (live) | Motörhead | 170
Mr. Brightside | The Killers | 222
  > Mr. Brightside | The Killers | 223
  Mr. Brightside (Jacques Lu Cont’s Thin White Duke mix) | The Killers | 528
Song 2 - 2012 Remaster | Blur | 122
  > Song 2 | Blur | 122
1979 - Remastered 2012 | The Smashing Pumpkins | 266
  > 1979 | The Smashing Pumpkins | 266
1999 | Prince | 379
  1984 | Prince | 379
  > 1999 | Prince | 379
When Doves Cry | Prince, The Revolution | 352
  > When Doves Cry | Prince and The Revolution | 352
September | Earth, Wind & Fire | 215
  > September | Earth, Wind & Fire | 215
  September | Fire | 214
The Sound of Silence - Acoustic Version | Simon & Garfunkel | 186
  The Sound of Silence | Simon & Garfunkel | 185
The Sound of Silence | Disturbed | 248
  The Sound of Silence | Simon & Garfunkel | 185
  > The Sound of Silence | Disturbed | 248
Live and Let Die | Wings | 192
  > Live and Let Die | Paul McCartney & Wings | 192
  Live and Let Die | Guns N’ Roses | 184
Live Forever - Remastered | Oasis | 276
  > Live Forever | Oasis | 277
  Live Forever (live) | Oasis | 278
Moments in Love | Art of Noise | 281
  Moments in Love | Art | 281
  > Moments in Love | The Art of Noise | 281
Intro | The xx | 128
  Introduction | The xx | 128
  > Intro | The xx | 128
One | U2 | 276
  Ones | U2 | 276
  One | Metallica | 276
  > One | U2 | 276
Crazy | Gnarls Barkley | 178
  Crazy | Seal | 178
Run | Snow Patrol | 355
  > Run | Snow Patrol | 355
  Run | Leona Lewis | 315
Creep - Acoustic | Radiohead | 258
  > Creep (acoustic) | Radiohead | 259
  Creep | Radiohead | 239
Redbone - Sped Up | Childish Gambino | 270
  Redbone | Childish Gambino | 327
  Redbone | Childish Gambino | 270
Take Five | The Dave Brubeck Quartet | 324
  > Take Five | Dave Brubeck Quartet | 324
So What (feat. John Coltrane, Cannonball Adderley & Bill Evans) | Miles Davis | 562
  > So What | Miles Davis | 562
Gymnopédie No. 1 | Erik Satie, Pascal Rogé | 183
  Gymnopédie no. 2 | Pascal Rogé | 183
  > Gymnopédie no. 1 | Pascal Rogé | 183
The Four Seasons: Spring: I. Allegro | Antonio Vivaldi, Itzhak Perlman | 208
  The Four Seasons: Spring: III. Allegro | Itzhak Perlman | 208
  > The Four Seasons: Spring: I. Allegro | Itzhak Perlman | 208
Despacito - Remix | Luis Fonsi, Daddy Yankee, Justin Bieber | 229
  Despacito | Luis Fonsi feat. Daddy Yankee | 229
  > Despacito (remix) | Luis Fonsi & Daddy Yankee feat. Justin Bieber | 229
Despacito | Luis Fonsi, Daddy Yankee | 229
  Despacito (remix) | Luis Fonsi & Daddy Yankee feat. Justin Bieber | 229
  > Despacito | Luis Fonsi feat. Daddy Yankee | 228
Everlong | Foo Fighters | 250
  Everlong (acoustic) | Foo Fighters | 250
  > Everlong | Foo Fighters | 251
Zombie | The Cranberries | 307
  Zombie | The Cranberries Tribute Band | 306
Dancing Queen | ABBA | 231
  Dancing Queen (originally performed by ABBA) | ABBA | 231
  > Dancing Queen | ABBA | 231
Eye of the Tiger | Survivor | 245
  > Eye of the Tiger | Survivor | 244
  Eye of the Tiger | Survivor Karaoke Band | 245
Take On Me | a-ha | 225
  > Take On Me | a‐ha | 228
  Take On Me | a‐ha | 182 | MTV Unplugged
Numb / Encore | JAY-Z, Linkin Park | 205
  Numb | Linkin Park | 187
  > Numb/Encore | JAY‐Z / Linkin Park | 206
Space Oddity - 2015 Remaster | David Bowie | 318
  > Space Oddity | David Bowie | 315
  Space Oddity (demo) | David Bowie | 310
Heroes - 2017 Remaster | David Bowie | 371
  > “Heroes” | David Bowie | 372
  “Heroes” (single version) | David Bowie | 215
Clocks | Coldplay |
  Clocks (live) | Coldplay | 310
  > Clocks | Coldplay | 307
Clair de Lune | Claude Debussy | 301
  Clair de lune | Gabriel Fauré | 180
"""
