"""English forms no rule leads back to their word."""

from casefile.index.forms_table import read

ENGLISH = read(
    """
    become: became
    begin: began begun
    break: broke broken
    bring: brought
    build: built
    buy: bought
    catch: caught
    child: children
    choose: chose chosen
    come: came
    crisis: crises
    criterion: criteria
    deal: dealt
    die: dying
    do: did done does
    draw: drew drawn
    drive: drove driven
    fall: fell fallen
    feel: felt
    fight: fought
    find: found
    flee: fled
    fly: flew flown flies
    forget: forgot forgotten
    freeze: froze frozen
    get: got gotten
    give: gave given
    go: went gone goes
    grow: grew grown
    half: halves
    hear: heard
    hide: hid hidden
    hold: held
    keep: kept
    knife: knives
    know: knew known
    lead: led
    leave: left
    lend: lent
    lie: lying
    lose: lost
    make: made
    man: men
    mean: meant
    meet: met
    overtake: overtook overtaken
    oversee: oversaw overseen
    pay: paid
    person: people
    ride: rode ridden
    rise: rose risen
    run: ran
    say: said
    see: saw seen
    seek: sought
    sell: sold
    send: sent
    shoot: shot
    speak: spoke spoken
    spend: spent
    stand: stood
    steal: stole stolen
    strike: struck
    swear: swore sworn
    take: took taken
    teach: taught
    tell: told
    thief: thieves
    think: thought
    throw: threw thrown
    undertake: undertook undertaken
    understand: understood
    wear: wore worn
    wife: wives
    win: won
    withdraw: withdrew withdrawn
    woman: women
    write: wrote written
    """
)
